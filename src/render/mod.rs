//! From a chart and values to rendered files, ordered manifests and hooks.
