//! Values: layers, the `--set` grammar, merge and coalesce.
