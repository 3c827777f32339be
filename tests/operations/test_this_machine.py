"""Who is on this machine: without a sign-in, nobody else may use the app."""

from __future__ import annotations

import pytest
import streamlit as st

from po_toolkit.ui import sign_in

FORWARDED = (
    "Forwarded",
    "X-Forwarded-For",
    "x-forwarded-proto",
    "X-Real-Ip",
    "Via",
    "CF-Connecting-IP",
    "True-Client-IP",
    "X-Client-IP",
    "X-Original-Host",
    "Tailscale-User-Login",
)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Host": ""},
        {"Host": "po.example.org"},
        {"Host": "127.0.0.1.example.org:8501"},
        {"Host": "[::ffff"},
        *({"Host": "localhost", name: "127.0.0.1"} for name in FORWARDED),
    ],
)
def test_whoever_comes_through_a_proxy_is_not_on_this_machine(headers, monkeypatch):
    """A tunnel or proxy on this machine would open the books to the network."""
    monkeypatch.setattr(type(st.context), "headers", headers)
    assert not sign_in.on_this_machine()


def test_another_machine_is_not_this_one_whatever_host_it_names(monkeypatch):
    """A Host header is anybody's to choose."""
    monkeypatch.setattr(type(st.context), "headers", {"Host": "localhost"})
    monkeypatch.setattr(type(st.context), "ip_address", "192.0.2.7")
    assert not sign_in.on_this_machine()


@pytest.mark.parametrize("host", ["localhost:8501", "127.0.0.1", "[::1]:8501"])
def test_this_machine_is_known_by_each_of_its_names(host, monkeypatch):
    """Else nobody could use the app at all."""
    monkeypatch.setattr(type(st.context), "headers", {"Host": host})
    assert sign_in.on_this_machine()
