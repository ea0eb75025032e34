//! The records of a source, and what is known of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::error::SourceError;
use crate::clinic::record::{
    CaseCounts, MANIFEST_FILE, Manifest, Output, Record, RecordSet, SourceFile,
};

const NOTICE: &str = "Research software, not for clinical use.";

/// The records of a source, not written anywhere yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Gathered {
    /// The records, in the order of the source.
    pub records: Vec<Record>,
    /// Kind of the source, for example `agentclinic`.
    pub kind: String,
    /// The records may not be shared.
    pub restricted: bool,
    /// Terms of the source, for people.
    pub licence: String,
    /// Options of the import.
    pub parameters: Value,
    /// What became of the cases.
    pub counts: CaseCounts,
    /// Files that were read, by name.
    pub files: BTreeMap<String, SourceFile>,
    /// What looks odd, for people.
    pub warnings: Vec<String>,
}

/// A folder of records that was written.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportedFolder {
    /// The folder.
    pub out: PathBuf,
    /// Its manifest.
    pub manifest: Manifest,
}

impl Gathered {
    /// The manifest of these records.
    pub fn manifest(&self) -> Manifest {
        Manifest {
            schema: "rounds.manifest/1".to_owned(),
            program: concat!("rounds ", env!("CARGO_PKG_VERSION")).to_owned(),
            source: self.kind.clone(),
            restricted: self.restricted,
            licence: self.licence.clone(),
            notice: NOTICE.to_owned(),
            records: self.records.len(),
            parameters: self.parameters.clone(),
            cases: Some(self.counts.clone()),
            files: self.files.clone(),
            warnings: self.warnings.clone(),
            ..Manifest::default()
        }
    }

    /// The records as a set, as if they had been written and read again.
    pub fn into_set(mut self) -> RecordSet {
        let manifest = self.manifest();
        self.records.sort_by_key(|record| record.hadm_id);
        RecordSet {
            records: self.records,
            restricted: manifest.restricted,
            manifest: Some(manifest),
        }
    }

    /// Writes one file `<number>.json` a record and `manifest.json` into the new folder `out`.
    ///
    /// # Errors
    /// [`SourceError::Output`]; `out` is then left as it was.
    pub fn write(&self, out: &Path) -> Result<ImportedFolder, SourceError> {
        let output = Output::create(out)?;
        for record in &self.records {
            output.write(&format!("{}.json", record.hadm_id), record, false)?;
        }
        let manifest = self.manifest();
        output.write(MANIFEST_FILE, &manifest, true)?;
        output.finish()?;
        Ok(ImportedFolder {
            out: out.to_owned(),
            manifest,
        })
    }
}
