"""Tests with software that is not ours: pjsua2 phones, baresip, sipp."""
