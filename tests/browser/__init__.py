"""Tests in a real browser: Chromium without a window, a real arena, wallets that stand in for people's own."""
