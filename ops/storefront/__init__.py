"""The storefront's API as documents: OpenAPI for programs, tables for people, both from the code."""
