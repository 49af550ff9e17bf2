//! Tables as Helm prints them (its library is gosuri/uitable): cells filled up with spaces, tabs between.

use torii::diagnostic::escape;

/// Lays out rows; a cell of more than `most` characters is cut.
pub fn lines<const N: usize>(rows: &[[String; N]], most: usize) -> String {
    let cut = |cell: &String| {
        let cell = escape(cell).to_string();
        match cell.chars().count() > most && most > 3 {
            true => cell.chars().take(most - 3).chain("...".chars()).collect(),
            false => cell,
        }
    };
    let cells: Vec<[String; N]> = rows.iter().map(|row| row.each_ref().map(cut)).collect();
    let width = |column: usize| {
        cells.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..N).map(width).collect();
    let line = |row: &[String; N]| {
        let filled: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        filled.join("\t") + "\n"
    };
    cells.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_filled_up_and_long_ones_cut() {
        let rows = [["NAME".to_string(), "V".to_string()], ["a".to_string(), "123456789".to_string()]];
        assert_eq!(lines(&rows, 8), "NAME\tV       \na   \t12345...\n");
    }
}
