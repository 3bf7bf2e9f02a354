"""What happened to an order, hop by hop."""
