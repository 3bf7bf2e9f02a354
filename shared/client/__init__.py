"""What a program of the shop's own uses: publish an event, consume a delivery."""
