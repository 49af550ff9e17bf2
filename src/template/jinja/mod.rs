//! Jinja, by minijinja, in the dialect that suits YAML.
