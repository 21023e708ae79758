"""Strike: watches directories and ingests the files that are transferred into them (reference: Strike)."""
