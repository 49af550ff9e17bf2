//! What a chart is: metadata, files, ignore rules, dependencies, schema.
