"""The storefront's documents."""
