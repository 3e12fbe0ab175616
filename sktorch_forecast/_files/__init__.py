"""Files of fitted estimators: one file each, without pickle."""
