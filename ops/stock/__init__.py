"""Operating the stock: counts, deliveries, returns and the catalogue, as movements that add up."""
