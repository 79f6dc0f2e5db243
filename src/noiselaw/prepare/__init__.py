"""From noisy counts to what a representation takes; every choice is fitted on training observations."""
