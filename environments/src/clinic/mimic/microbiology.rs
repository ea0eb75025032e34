//! MICROBIOLOGYEVENTS: cultures with their organisms and resistances.

use std::collections::{BTreeMap, HashMap};

use super::error::ImportError;
use super::events::Series;
use super::source::Source;
use crate::clinic::record::{Measurement, Timestamp, Totals};

const SECTION: &str = "Microbiology";

/// One culture: when, specimen, organism, isolate.
type Culture = (Timestamp, String, Option<String>, Option<String>);

/// Cultures of each admission with their tested antibiotics (name, interpretation).
pub(super) type Cultures = Vec<BTreeMap<Culture, Vec<(String, Option<String>)>>>;

/// Streams MICROBIOLOGYEVENTS and keeps the rows of the cohort.
pub(super) fn read_cultures(
    source: &mut Source<'_>,
    cohort: &HashMap<u64, usize>,
    totals: &mut Totals,
) -> Result<Cultures, ImportError> {
    let mut cultures: Cultures = vec![BTreeMap::new(); cohort.len()];
    let Some(mut table) = source.optional("MICROBIOLOGYEVENTS")? else {
        return Ok(cultures);
    };
    let hadm = table.column("HADM_ID")?;
    let date = table.column("CHARTDATE")?;
    let time = table.column("CHARTTIME")?;
    let specimen = table.column("SPEC_TYPE_DESC")?;
    let organism = table.column("ORG_NAME")?;
    let isolate = table.column("ISOLATE_NUM")?;
    let antibiotic = table.column("AB_NAME")?;
    let interpretation = table.column("INTERPRETATION")?;
    let mut without_time = 0;
    while source.advance(&mut table)? {
        let admission = table.id(hadm)?.and_then(|hadm_id| cohort.get(&hadm_id));
        let Some(slot) = admission.and_then(|admission| cultures.get_mut(*admission)) else {
            continue;
        };
        let at = match table.time(time)? {
            Some(at) => Some(at),
            None => table.time(date)?,
        };
        let Some(at) = at else {
            without_time += 1;
            continue;
        };
        let specimen = table
            .text(specimen)
            .unwrap_or_else(|| "Unknown specimen".to_owned());
        let key = (at, specimen, table.text(organism), table.text(isolate));
        let tested = slot.entry(key).or_default();
        if let Some(name) = table.text(antibiotic) {
            tested.push((name, table.text(interpretation)));
        }
    }
    totals.microbiology_rows = source.close(table);
    if without_time > 0 {
        source.warnings.push(format!(
            "MICROBIOLOGYEVENTS: {without_time} rows of the cohort without a time were left out"
        ));
    }
    Ok(cultures)
}

/// Adds the cultures of an admission as a series with one label for each specimen.
pub(super) fn add_cultures(
    cultures: BTreeMap<Culture, Vec<(String, Option<String>)>>,
    series: &mut Series,
) {
    for ((at, specimen, organism, _), tested) in cultures {
        let mut value = organism.unwrap_or_else(|| "no organism".to_owned());
        let mut separator = ": ";
        for (antibiotic, interpretation) in tested {
            value.push_str(separator);
            value.push_str(&antibiotic);
            if let Some(interpretation) = interpretation {
                value.push(' ');
                value.push_str(&interpretation);
            }
            separator = ", ";
        }
        series
            .entry(SECTION.to_owned())
            .or_default()
            .entry(specimen)
            .or_default()
            .push(Measurement::new(at.to_string(), value, None, None));
    }
}
