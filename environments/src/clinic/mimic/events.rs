//! Compact storage of the events of the cohort until the records are written.

use std::collections::{BTreeMap, HashMap};

use super::dictionaries::ItemName;
use super::error::ImportError;
use super::table::{Column, Table};
use crate::clinic::record::{Measurement, Timestamp};

/// Measurements of a record by section, then by label.
pub(super) type Series = BTreeMap<String, BTreeMap<String, Vec<Measurement>>>;

/// Texts that occur often, each stored once; number 0 stands for none.
struct Texts {
    numbers: HashMap<Box<[u8]>, u32>,
    texts: Vec<String>,
}

impl Texts {
    fn number(&mut self, bytes: Option<&[u8]>) -> u32 {
        let Some(bytes) = bytes else {
            return 0;
        };
        if let Some(number) = self.numbers.get(bytes) {
            return *number;
        }
        let number = self.texts.len() as u32;
        self.texts
            .push(String::from_utf8_lossy(bytes).trim().to_owned());
        self.numbers.insert(bytes.into(), number);
        number
    }

    fn text(&self, number: u32) -> Option<String> {
        self.texts
            .get(number as usize)
            .filter(|text| !text.is_empty())
            .cloned()
    }

    fn measurement(&self, event: &Event) -> Measurement {
        Measurement {
            time: event.time.to_string(),
            value: self.text(event.value).unwrap_or_default(),
            number: event.number,
            unit: self.text(event.unit),
            flag: self.text(event.flag),
        }
    }
}

struct Event {
    time: Timestamp,
    item: u64,
    number: Option<f64>,
    value: u32,
    unit: u32,
    flag: u32,
}

/// Columns of a measurement in an events table.
pub(super) struct EventColumns {
    /// When.
    pub(super) time: Column,
    /// Which item.
    pub(super) item: Column,
    /// The value as text.
    pub(super) value: Column,
    /// The value as a number.
    pub(super) number: Column,
    /// The unit.
    pub(super) unit: Column,
    /// The flag, in tables that have one.
    pub(super) flag: Option<Column>,
}

/// Events by admission, in the order in which they were read.
pub(super) struct Events {
    by_admission: Vec<Vec<Event>>,
    texts: Texts,
}

impl Events {
    /// A store for `admissions` admissions.
    pub(super) fn new(admissions: usize) -> Self {
        Self {
            by_admission: (0..admissions).map(|_| Vec::new()).collect(),
            texts: Texts {
                numbers: HashMap::new(),
                texts: vec![String::new()],
            },
        }
    }

    /// Stores the present row for an admission; false when the row has no time or no item.
    pub(super) fn keep(
        &mut self,
        admission: usize,
        table: &Table,
        columns: &EventColumns,
    ) -> Result<bool, ImportError> {
        let (Some(time), Some(item)) = (table.time(columns.time)?, table.id(columns.item)?) else {
            return Ok(false);
        };
        let number = table.number(columns.number)?;
        let value = table.bytes(columns.value).or(table.bytes(columns.number));
        let event = Event {
            time,
            item,
            number,
            value: self.texts.number(value),
            unit: self.texts.number(table.bytes(columns.unit)),
            flag: self
                .texts
                .number(columns.flag.and_then(|flag| table.bytes(flag))),
        };
        match self.by_admission.get_mut(admission) {
            Some(events) => events.push(event),
            None => return Ok(false),
        }
        Ok(true)
    }

    /// Moves the events of an admission into its series, by item and then in time order; events
    /// that `name` has no name for are dropped.
    ///
    /// Where two items share a name the series is left to be sorted by time.
    pub(super) fn drain_into(
        &mut self,
        admission: usize,
        series: &mut Series,
        name: impl Fn(u64) -> Option<ItemName>,
    ) {
        let mut events = self
            .by_admission
            .get_mut(admission)
            .map(std::mem::take)
            .unwrap_or_default();
        events.sort_by_key(|event| (event.item, event.time));
        for events in events.chunk_by(|a, b| a.item == b.item) {
            let Some(item) = events.first().and_then(|event| name(event.item)) else {
                continue;
            };
            let labels = series.entry(item.section).or_default();
            let entries = labels.entry(item.label).or_default();
            entries.extend(events.iter().map(|event| self.texts.measurement(event)));
        }
    }
}
