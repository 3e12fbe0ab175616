"""How sure a forecast is: one interface, and its sources."""
