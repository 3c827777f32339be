"""Tax ids of sponsors: what kind one is, and whether it has its kind's form.

The form alone is checked, here and at Stripe; whether the number is given out is for the tax office
(VIES in the EU) to say. Sources: European Commission, VIES FAQ, "structure of VAT numbers";
Stripe API 2026-10-28, tax id types.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_EU = {
    "AT": r"U\d{8}",
    "BE": r"[01]\d{9}",
    "BG": r"\d{9,10}",
    "CY": r"\d{8}[A-Z]",
    "CZ": r"\d{8,10}",
    "DE": r"\d{9}",
    "DK": r"\d{8}",
    "EE": r"\d{9}",
    "EL": r"\d{9}",
    "ES": r"[A-Z0-9]\d{7}[A-Z0-9]",
    "FI": r"\d{8}",
    "FR": r"[A-HJ-NP-Z0-9]{2}\d{9}",
    "HR": r"\d{11}",
    "HU": r"\d{8}",
    "IE": r"\d[A-Z0-9+*]\d{5}[A-Z]{1,2}",
    "IT": r"\d{11}",
    "LT": r"(\d{9}|\d{12})",
    "LU": r"\d{8}",
    "LV": r"\d{11}",
    "MT": r"\d{8}",
    "NL": r"[A-Z0-9+*]{10}\d{2}",
    "PL": r"\d{10}",
    "PT": r"\d{9}",
    "RO": r"\d{2,10}",
    "SE": r"\d{12}",
    "SI": r"\d{8}",
    "SK": r"\d{10}",
    "XI": r"(\d{9}|\d{12}|(GD|HA)\d{3})",
}
"""Northern Ireland's numbers, XI, are EU VAT numbers. Source: Stripe, "Customer tax IDs"."""

_FORMS = {
    "eu_vat": "|".join(f"{country}{form}" for country, form in _EU.items()),
    "gb_vat": r"GB(\d{9}|\d{12}|(GD|HA)\d{3})",
    "ch_vat": r"CHE\d{9}(MWST|TVA|IVA)?",
    "no_vat": r"\d{9}MVA",
    "au_abn": r"\d{11}",
    "ca_bn": r"\d{9}",
    "ca_gst_hst": r"\d{9}RT\d{4}",
    "in_gst": r"\d{2}[A-Z]{5}\d{4}[A-Z][A-Z0-9]{3}",
    "nz_gst": r"\d{8,9}",
    "us_ein": r"\d{2}-\d{7}",
}
TYPES = tuple(_FORMS)
"""The kinds whose form is known here, as Stripe names them."""

STRIPE_TYPES = frozenset(
    """
    ad_nrt ae_trn al_tin am_tin ao_tin ar_cuit au_abn au_acn au_arn au_wpn aw_tin az_tin ba_tin
    bb_tin bd_bin bf_ifu bg_uic bh_vat bj_ifu bo_tin br_cnpj br_cpf bs_tin bw_vat by_tin ca_bn
    ca_gst_hst ca_pst_bc ca_pst_mb ca_pst_sk ca_qst cd_nif ch_uid ch_vat ci_vat cl_tin cm_niu
    cn_tin co_nit cr_tin cv_nif cz_dic de_stn do_rcn ec_ruc eg_tin es_cif et_tin eu_oss_vat
    eu_vat fo_vat fr_siren fr_siret fr_spi gb_vat ge_vat gh_tin gi_tin gn_nif hk_br hr_oib
    hu_tin ic_nif id_npwp il_vat in_gst is_kt is_vat it_cf jp_cn jp_rn jp_trn ke_pin kg_tin
    kh_tin kr_brn kz_bin la_tin li_uid li_vat lk_vat ma_vat md_cf md_vat me_pib mk_vat mr_nif
    mu_vat mx_rfc my_frp my_itn my_sst mz_nuit ng_tin no_vat no_voec np_pan nz_bn nz_gst om_vat
    pe_ruc ph_tin pl_nip pt_nif py_ruc ro_tin rs_pib ru_inn ru_kpp sa_vat sg_gst sg_uen si_tin
    sm_coe sn_ninea sr_fin sv_nit th_vat tj_tin tr_tin tt_bir tt_vat tw_vat tz_vat ua_vat ug_tin
    us_ein uy_ruc uz_tin uz_vat ve_rif vn_tin za_vat zm_tin zw_tin
    """.split()
)
"""Every kind that Stripe takes, as its SDK 16.1 names them; passed on as written."""

_KNOWN_BY_FORM = ("gb_vat", "ch_vat", "no_vat", "ca_gst_hst", "in_gst", "us_ein")
"""Kinds whose form no other kind has."""

_NOTHING = frozenset({"", "-", "--", "N/A", "NA", "NONE", "NIL", "KEINE", "AUCUN"})
_EU_PREFIX = re.compile(rf"({'|'.join(_EU)}|GR)(?=[A-Z0-9+*]*\d)")


class UnknownTaxIdError(ValueError):
    """The kind of a tax id cannot be told from how it is written."""


@dataclass(frozen=True, slots=True)
class TaxId:
    """A sponsor's tax id; ``type`` is Stripe's word for its kind."""

    type: str
    value: str


def eu_country(tax_id: TaxId) -> str:
    """Return the member state of an EU VAT number, Greece as GR, else ``""``.

    Northern Ireland is none: its services are British.
    """
    if tax_id.type != "eu_vat":
        return ""
    prefix = tax_id.value[:2]
    return {"EL": "GR", "XI": ""}.get(prefix, prefix)


def read_tax_id(text: str) -> TaxId | None:
    """Read a tax id such as ``DE 123 456 789`` or ``au_abn 51 824 753 556``.

    Returns:
        The tax id; None where the text says that there is none.

    Raises:
        UnknownTaxIdError: Its kind cannot be told from it.
        ValueError: It has not its kind's form.
    """
    plain = re.sub(r"[\s.\u00a0/]+", "", text).upper()
    if plain in _NOTHING:
        return None
    kind, _, rest = text.strip().lower().replace(":", " ", 1).partition(" ")
    if kind in STRIPE_TYPES:
        return _of_kind(kind, rest)
    for known in _KNOWN_BY_FORM:
        value = _bare(plain, known)
        if re.fullmatch(_FORMS[known], value):
            return TaxId(known, value)
    value = _bare(plain, "eu_vat")
    if _EU_PREFIX.match(value):
        if value.startswith("GR"):
            value = "EL" + value[2:]
        if re.fullmatch(_FORMS["eu_vat"], value):
            return TaxId("eu_vat", value)
        raise ValueError(f"this is not a valid VAT number of {value[:2]}.")
    raise UnknownTaxIdError(
        f"unrecognized tax ID type; write the type before the number: {', '.join(TYPES)}."
    )


def _of_kind(kind: str, text: str) -> TaxId:
    """Return a tax id whose kind was written before it; other forms than ours are passed on."""
    form = _FORMS.get(kind)
    value = _bare(text.upper(), kind) if form else re.sub(r"\s+", "", text).upper()
    if not re.fullmatch(form or r".+", value):
        raise ValueError(f"this is not a valid {kind}.")
    return TaxId(kind, value)


_CHECKED_BY = {
    "eu_vat": "eu.vat", "gb_vat": "gb.vat", "ch_vat": "ch.vat", "no_vat": "no.mva",
    "au_abn": "au.abn", "ca_bn": "ca.bn", "in_gst": "in_.gstin", "nz_gst": "nz.ird",
    "us_ein": "us.ein", "br_cnpj": "br.cnpj", "br_cpf": "br.cpf", "mx_rfc": "mx.rfc",
    "za_vat": "za.tin", "es_cif": "es.cif", "il_vat": "il.hp", "kr_brn": "kr.brn",
    "tr_tin": "tr.vkn", "cl_tin": "cl.rut", "fr_siren": "fr.siren", "fr_siret": "fr.siret",
}  # fmt: skip
"""Kinds whose check digits python-stdnum knows, and its module."""


def has_wrong_check_digits(tax_id: TaxId) -> bool:
    """Tell whether a tax id has a slip: its check digits do not fit. Unknown kinds have none."""
    from importlib import import_module

    name = _CHECKED_BY.get(tax_id.type)
    if tax_id.value.startswith("XI"):
        name = "gb.vat"
    if name is None:
        return False
    value = tax_id.value.removeprefix("XI")
    return not import_module(f"stdnum.{name}").is_valid(value)


def _bare(text: str, kind: str) -> str:
    """Take out what people write between the digits; an EIN's hyphen belongs to it."""
    kept = r"[^A-Z0-9+*-]" if kind == "us_ein" else r"[^A-Z0-9+*]"
    return re.sub(kept, "", text)
