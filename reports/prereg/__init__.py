"""What is registered: rules, claims, controls, names of measurements; whether a rule can be met and can be killed."""
