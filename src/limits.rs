//! Every bound that Torii keeps, in one place. Charts are untrusted input: each loop, allocation, recursion,
//! archive and schema is limited, and exceeding a limit is an error that names it.

/// The bounds of one run. The defaults are generous for real charts and small for a machine.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of a single file of a chart: Helm's 5 MiB.
    pub file_bytes: u64,
    /// Bytes of all files of a chart, unpacked: Helm's 100 MiB.
    pub chart_bytes: u64,
    /// Files and folders of a chart, its subcharts included.
    pub chart_entries: usize,
    /// Charts within charts.
    pub chart_depth: usize,
    /// Levels of a YAML or JSON document. Helm's libraries allow 10,000.
    pub data_depth: usize,
    /// Bytes of memory that data takes once it is read: YAML, JSON or TOML of one text, and all values of a chart.
    pub data_bytes: usize,
    /// Bytes of one values file, index of a repository or other input named by the user.
    pub input_bytes: u64,
    /// How long one answer from the network may take, redirects included: Helm's two minutes for each.
    pub answer_seconds: u64,
    /// Nested `include`, `template` and `tpl` calls and macros.
    pub template_depth: usize,
    /// Steps (nodes executed, loop turns) of one render.
    pub steps: u64,
    /// Bytes of one string or the items of one list that a function makes.
    pub function_bytes: usize,
    /// Bytes of all that functions make in one render, kept or not.
    pub made_bytes: u64,
    /// Bytes of output of one render, all templates together, includes counted too.
    pub output_bytes: usize,
    /// Compiled size of one regular expression, in bytes.
    pub regex_bytes: usize,
    /// Cost of the costly functions (keys, password hashes, endless searches) of one render, in units of about a
    /// millisecond.
    pub crypto_cost: u64,
    /// Nested `$ref`s and subschemas of a JSON Schema.
    pub schema_depth: usize,
}

impl Limits {
    /// The names that [`Limits::set`] knows.
    pub const NAMES: [&str; 16] = [
        "file-bytes",
        "chart-bytes",
        "chart-entries",
        "chart-depth",
        "data-depth",
        "data-bytes",
        "input-bytes",
        "answer-seconds",
        "template-depth",
        "steps",
        "function-bytes",
        "made-bytes",
        "output-bytes",
        "regex-bytes",
        "crypto-cost",
        "schema-depth",
    ];

    /// Sets a bound by its name (`--limit steps=1000000`). `false` if there is none of that name.
    pub fn set(&mut self, name: &str, value: u64) -> bool {
        let small = usize::try_from(value).unwrap_or(usize::MAX);
        match name {
            "file-bytes" => self.file_bytes = value,
            "chart-bytes" => self.chart_bytes = value,
            "chart-entries" => self.chart_entries = small,
            "chart-depth" => self.chart_depth = small,
            "data-depth" => self.data_depth = small,
            "data-bytes" => self.data_bytes = small,
            "input-bytes" => self.input_bytes = value,
            "answer-seconds" => self.answer_seconds = value,
            "template-depth" => self.template_depth = small,
            "steps" => self.steps = value,
            "function-bytes" => self.function_bytes = small,
            "made-bytes" => self.made_bytes = value,
            "output-bytes" => self.output_bytes = small,
            "regex-bytes" => self.regex_bytes = small,
            "crypto-cost" => self.crypto_cost = value,
            "schema-depth" => self.schema_depth = small,
            _ => return false,
        }
        true
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            file_bytes: 5 << 20,
            chart_bytes: 100 << 20,
            chart_entries: 50_000,
            chart_depth: 32,
            data_depth: 10_000,
            data_bytes: 128 << 20,
            input_bytes: 64 << 20,
            answer_seconds: 120,
            template_depth: 10_000,
            steps: 200_000_000,
            function_bytes: 64 << 20,
            made_bytes: 256 << 20,
            output_bytes: 128 << 20,
            regex_bytes: 10 << 20,
            crypto_cost: 4_000,
            schema_depth: 200,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_can_be_set_by_its_name() {
        let mut limits = Limits::default();
        for name in Limits::NAMES {
            assert!(limits.set(name, 7), "{name}");
        }
        assert!(!limits.set("nope", 7));
        // All of them, or this count would be off: each number of the type is shown as 7.
        assert_eq!(format!("{limits:?}").matches(": 7").count(), Limits::NAMES.len());
        assert_eq!(format!("{limits:?}").matches(": ").count(), Limits::NAMES.len());
    }
}
