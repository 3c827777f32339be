"""Spreadsheets: file to rows and problems."""
