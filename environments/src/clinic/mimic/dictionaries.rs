//! The dictionaries: titles of codes, names of items.

use std::collections::{BTreeMap, HashMap};

use super::error::ImportError;
use super::source::Source;

/// Short and long title of a code.
#[derive(Debug, Clone, Default)]
pub(super) struct Titles {
    /// Short title.
    pub(super) short: Option<String>,
    /// Long title.
    pub(super) long: Option<String>,
}

/// Section and label of an item of an events table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ItemName {
    /// Section of the record.
    pub(super) section: String,
    /// Label in the section.
    pub(super) label: String,
}

/// Reads `D_ICD_DIAGNOSES` or `D_ICD_PROCEDURES`; empty when it is not there.
pub(super) fn titles(
    source: &mut Source<'_>,
    name: &str,
) -> Result<BTreeMap<String, Titles>, ImportError> {
    let mut titles = BTreeMap::new();
    let Some(mut table) = source.optional(name)? else {
        return Ok(titles);
    };
    let code = table.column("ICD9_CODE")?;
    let short = table.column("SHORT_TITLE")?;
    let long = table.column("LONG_TITLE")?;
    while source.advance(&mut table)? {
        let entry = Titles {
            short: table.text(short),
            long: table.text(long),
        };
        titles.insert(table.required_text(code)?, entry);
    }
    source.close(table);
    Ok(titles)
}

/// Reads `D_LABITEMS`; empty when it is not there.
pub(super) fn lab_items(source: &mut Source<'_>) -> Result<HashMap<u64, ItemName>, ImportError> {
    let mut items = HashMap::new();
    let Some(mut table) = source.optional("D_LABITEMS")? else {
        return Ok(items);
    };
    let item = table.column("ITEMID")?;
    let label = table.column("LABEL")?;
    let fluid = table.column("FLUID")?;
    let category = table.column("CATEGORY")?;
    while source.advance(&mut table)? {
        let id = table.required_id(item)?;
        let label = table.text(label).unwrap_or_else(|| format!("Item {id}"));
        let fluid = title_case(&table.text(fluid).unwrap_or_default());
        let section = table.text(category).map_or_else(
            || super::labs::UNKNOWN_SECTION.to_owned(),
            |category| title_case(&category),
        );
        items.insert(
            id,
            ItemName {
                section,
                label: label_with_fluid(label, &fluid),
            },
        );
    }
    source.close(table);
    Ok(items)
}

/// A label with its fluid, so that glucose in urine and in blood stay two series.
fn label_with_fluid(label: String, fluid: &str) -> String {
    if fluid.is_empty() || fluid == "Blood" {
        return label;
    }
    let said = label.to_lowercase();
    let words = fluid.to_lowercase();
    let short = words.trim_start_matches("other ");
    let csf = words.contains("csf") && said.contains("csf");
    if csf || said.contains(short) {
        label
    } else {
        format!("{label} ({fluid})")
    }
}

/// Every word with a capital, as the dictionary writes most of its categories.
pub(super) fn title_case(text: &str) -> String {
    let mut after_letter = false;
    text.chars()
        .map(|c| {
            let c = if after_letter {
                c.to_ascii_lowercase()
            } else {
                c.to_ascii_uppercase()
            };
            after_letter = c.is_alphanumeric();
            c
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_have_one_spelling_and_labels_name_their_fluid_once() {
        assert_eq!(title_case("BLOOD GAS"), "Blood Gas");
        let label = |label: &str, fluid| label_with_fluid(label.to_owned(), fluid);
        assert_eq!(label("Glucose", "Blood"), "Glucose");
        assert_eq!(label("Glucose", "Urine"), "Glucose (Urine)");
        assert_eq!(label("Glucose, Pleural", "Pleural"), "Glucose, Pleural");
        assert_eq!(
            label("Glucose, CSF", "Cerebrospinal Fluid (Csf)"),
            "Glucose, CSF"
        );
    }
}
