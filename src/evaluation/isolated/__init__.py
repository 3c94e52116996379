"""What runs inside the sandbox, standard library only; of it, the outside imports `wire` alone."""
