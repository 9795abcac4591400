"""The platform under load while everything around it breaks: nothing lost, nothing done twice."""
