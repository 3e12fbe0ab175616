"""Tests of skorch that forecasters fail on purpose, and why, by name."""

NOT_HERE = {}
DIFFERENCES = {}
