"""Floor 6: the HTTP that others see (metrics, health) and the control socket that only its owner opens."""
