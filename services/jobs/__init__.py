"""Jobs: from the request to the receipt."""
