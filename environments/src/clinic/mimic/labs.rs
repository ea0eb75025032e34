//! LABEVENTS.

use std::collections::HashMap;

use super::dictionaries::ItemName;
use super::error::ImportError;
use super::events::{EventColumns, Events};
use super::source::Source;
use crate::clinic::record::Totals;

/// Section of laboratory items that the dictionary does not know.
pub(super) const UNKNOWN_SECTION: &str = "Laboratory";

/// Streams LABEVENTS: counts all rows and keeps those of the cohort.
///
/// Rows without an admission are counted and left out: they are of no stay.
pub(super) fn read_labs(
    source: &mut Source<'_>,
    cohort: &HashMap<u64, usize>,
    totals: &mut Totals,
) -> Result<Events, ImportError> {
    let mut events = Events::new(cohort.len());
    let Some(mut table) = source.optional("LABEVENTS")? else {
        return Ok(events);
    };
    let hadm = table.column("HADM_ID")?;
    let flag = table.column("FLAG")?;
    let columns = EventColumns {
        time: table.column("CHARTTIME")?,
        item: table.column("ITEMID")?,
        value: table.column("VALUE")?,
        number: table.column("VALUENUM")?,
        unit: table.column("VALUEUOM")?,
        flag: Some(flag),
    };
    // Flags are few: a list is faster than a map of texts.
    let mut flags: Vec<(Vec<u8>, u64)> = Vec::new();
    let mut left_out = 0;
    while source.advance(&mut table)? {
        let flag = table.bytes(flag).unwrap_or_default();
        match flags.iter_mut().find(|(known, _)| known == flag) {
            Some((_, count)) => *count += 1,
            None => flags.push((flag.to_vec(), 1)),
        }
        let Some(hadm_id) = table.id(hadm)? else {
            totals.lab_rows_without_hadm += 1;
            continue;
        };
        if let Some(admission) = cohort.get(&hadm_id)
            && !events.keep(*admission, &table, &columns)?
        {
            left_out += 1;
        }
    }
    totals.lab_rows = source.close(table);
    for (flag, count) in flags {
        let flag = String::from_utf8_lossy(&flag).into_owned();
        *totals.lab_flag.entry(flag).or_default() += count;
    }
    if left_out > 0 {
        source.warnings.push(format!(
            "LABEVENTS: {left_out} rows of the cohort without a time or an item were left out"
        ));
    }
    Ok(events)
}

/// Section and label of a laboratory item.
pub(super) fn lab_name(items: &HashMap<u64, ItemName>, item: u64) -> ItemName {
    items.get(&item).cloned().unwrap_or_else(|| ItemName {
        section: UNKNOWN_SECTION.to_owned(),
        label: format!("Item {item}"),
    })
}
