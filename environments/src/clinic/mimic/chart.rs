//! CHARTEVENTS: vital signs and other bedside measurements.
//!
//! The two item families of the source name the same measure differently. The sections are
//! those of the newer family; a small table maps the older items of the vital signs to them,
//! most of which have no category in the dictionary.
//!
//! # Source
//! DynamiCare card, section 2.3.

use std::collections::{BTreeMap, HashMap};

use super::dictionaries::ItemName;
use super::error::ImportError;
use super::events::{EventColumns, Events};
use super::source::Source;
use crate::clinic::record::{Totals, is_named_section};

const VITALS: &str = "Routine Vital Signs";
const RESPIRATORY: &str = "Respiratory";
const NEUROLOGICAL: &str = "Neurological";
const GENERAL: &str = "General";

/// Items of both families with their section and label.
const CANONICAL: [(u64, &str, &str); 38] = [
    (211, VITALS, "Heart Rate"),
    (220_045, VITALS, "Heart Rate"),
    (51, VITALS, "Arterial Blood Pressure systolic"),
    (220_050, VITALS, "Arterial Blood Pressure systolic"),
    (8_368, VITALS, "Arterial Blood Pressure diastolic"),
    (220_051, VITALS, "Arterial Blood Pressure diastolic"),
    (52, VITALS, "Arterial Blood Pressure mean"),
    (220_052, VITALS, "Arterial Blood Pressure mean"),
    (455, VITALS, "Non Invasive Blood Pressure systolic"),
    (220_179, VITALS, "Non Invasive Blood Pressure systolic"),
    (8_441, VITALS, "Non Invasive Blood Pressure diastolic"),
    (220_180, VITALS, "Non Invasive Blood Pressure diastolic"),
    (456, VITALS, "Non Invasive Blood Pressure mean"),
    (220_181, VITALS, "Non Invasive Blood Pressure mean"),
    (678, VITALS, "Temperature Fahrenheit"),
    (679, VITALS, "Temperature Fahrenheit"),
    (223_761, VITALS, "Temperature Fahrenheit"),
    (676, VITALS, "Temperature Celsius"),
    (677, VITALS, "Temperature Celsius"),
    (223_762, VITALS, "Temperature Celsius"),
    (618, RESPIRATORY, "Respiratory Rate"),
    (220_210, RESPIRATORY, "Respiratory Rate"),
    (615, RESPIRATORY, "Respiratory Rate (Total)"),
    (224_690, RESPIRATORY, "Respiratory Rate (Total)"),
    (646, RESPIRATORY, "O2 saturation pulseoxymetry"),
    (220_277, RESPIRATORY, "O2 saturation pulseoxymetry"),
    (184, NEUROLOGICAL, "GCS - Eye Opening"),
    (220_739, NEUROLOGICAL, "GCS - Eye Opening"),
    (454, NEUROLOGICAL, "GCS - Motor Response"),
    (223_901, NEUROLOGICAL, "GCS - Motor Response"),
    (723, NEUROLOGICAL, "GCS - Verbal Response"),
    (223_900, NEUROLOGICAL, "GCS - Verbal Response"),
    (198, NEUROLOGICAL, "GCS Total"),
    (763, GENERAL, "Daily Weight"),
    (224_639, GENERAL, "Daily Weight"),
    (762, GENERAL, "Admission Weight (Kg)"),
    (226_512, GENERAL, "Admission Weight (Kg)"),
    (226_730, GENERAL, "Height (cm)"),
];

/// Reads D_ITEMS and adds the canonical items, which go before it.
pub(super) fn chart_items(source: &mut Source<'_>) -> Result<BTreeMap<u64, ItemName>, ImportError> {
    let mut items = BTreeMap::new();
    if let Some(mut table) = source.optional("D_ITEMS")? {
        let item = table.column("ITEMID")?;
        let label = table.column("LABEL")?;
        let category = table.column("CATEGORY")?;
        let linked = table.column("LINKSTO")?;
        while source.advance(&mut table)? {
            if table.text(linked).as_deref() != Some("chartevents") {
                continue;
            }
            let (Some(label), Some(category)) = (table.text(label), table.text(category)) else {
                continue;
            };
            let section = if is_named_section(&category) {
                format!("{category} (chart)")
            } else {
                category
            };
            items.insert(table.required_id(item)?, ItemName { section, label });
        }
        source.close(table);
    }
    for (id, section, label) in CANONICAL {
        let name = ItemName {
            section: section.to_owned(),
            label: label.to_owned(),
        };
        items.insert(id, name);
    }
    Ok(items)
}

/// Streams CHARTEVENTS: counts all rows and keeps those of the cohort that are not marked as
/// errors and that have a section.
pub(super) fn read_chart(
    source: &mut Source<'_>,
    cohort: &HashMap<u64, usize>,
    items: &BTreeMap<u64, ItemName>,
    totals: &mut Totals,
) -> Result<Events, ImportError> {
    let mut events = Events::new(cohort.len());
    let Some(mut table) = source.optional("CHARTEVENTS")? else {
        return Ok(events);
    };
    let hadm = table.column("HADM_ID")?;
    let error = table.optional_column("ERROR");
    let columns = EventColumns {
        time: table.column("CHARTTIME")?,
        item: table.column("ITEMID")?,
        value: table.column("VALUE")?,
        number: table.column("VALUENUM")?,
        unit: table.column("VALUEUOM")?,
        flag: None,
    };
    let mut left_out = 0;
    let mut without_section = 0;
    while source.advance(&mut table)? {
        let admission = table.id(hadm)?.and_then(|hadm_id| cohort.get(&hadm_id));
        let Some(admission) = admission else {
            continue;
        };
        if error.is_some_and(|error| table.bytes(error) == Some(b"1")) {
            continue;
        }
        match table.id(columns.item)? {
            Some(item) if !items.contains_key(&item) => without_section += 1,
            _ => left_out += u64::from(!events.keep(*admission, &table, &columns)?),
        }
    }
    totals.chart_rows = source.close(table);
    for (count, why) in [
        (left_out, "without a time or an item"),
        (without_section, "of items without a section"),
    ] {
        if count > 0 {
            source.warnings.push(format!(
                "CHARTEVENTS: {count} rows of the cohort {why} were left out"
            ));
        }
    }
    Ok(events)
}
