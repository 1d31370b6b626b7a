"""A node on a virtual clock, with a seeded network and with phones and carriers that speak SIP bytes."""
