"""Whole dialogs at random: three phones, a carrier and a stranger against a whole exchange."""
