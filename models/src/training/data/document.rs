//! Documents and their split into training and held-out set.

use std::collections::HashSet;

use rounds_environments::streams::RunSeed;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Batch, Cursor, DataConfig, TooLong};
use crate::training::{Position, SourceConfig, TrainError, TrainingSource, Walk};

/// A text as token ids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    /// Id of its own.
    pub id: String,
    /// What it belongs to: documents of one group are held out together. The id where it stands alone.
    pub group: String,
    /// Token ids.
    pub tokens: Vec<u32>,
    /// Which tokens are to be predicted. That of the first is not read: nothing precedes it.
    pub in_loss: Vec<bool>,
    /// Where it comes from, for objectives that tell sources apart.
    pub source: u32,
}

impl Document {
    /// A document all of whose tokens are to be predicted.
    pub fn plain(id: impl Into<String>, tokens: Vec<u32>) -> Self {
        let id = id.into();
        Self {
            group: id.clone(),
            id,
            in_loss: vec![true; tokens.len()],
            tokens,
            source: 0,
        }
    }

    /// Positions that predict another token.
    pub fn positions(&self) -> usize {
        self.tokens.len().saturating_sub(1)
    }

    /// Tokens in the loss among those predicted at positions `from..to`.
    pub(crate) fn targets(&self, from: usize, to: usize) -> usize {
        self.in_loss[from + 1..=to]
            .iter()
            .filter(|counts| **counts)
            .count()
    }
}

/// Checked documents, split into training and held-out set.
#[derive(Debug, Clone)]
pub struct TrainingData {
    pub(crate) config: DataConfig,
    pub(crate) documents: Vec<Document>,
    pub(crate) training: Vec<usize>,
    pub(crate) held_out: Vec<usize>,
    dropped: Vec<String>,
    fingerprint: String,
}

impl TrainingData {
    /// Checks and splits `documents`. Those without a token in the loss are left out
    /// ([`TrainingData::dropped`]).
    ///
    /// # Errors
    /// [`TrainError::Config`] for the configuration, [`TrainError::Document`] when an id occurs twice,
    /// tokens and mask differ in length or a document is too long and must not be,
    /// [`TrainError::NoDocuments`] when nothing is left to train on.
    pub fn new(config: DataConfig, documents: Vec<Document>) -> Result<Self, TrainError> {
        config.validate()?;
        let given = documents.len();
        let mut data = Self {
            config,
            documents: Vec::with_capacity(given),
            training: Vec::new(),
            held_out: Vec::new(),
            dropped: Vec::new(),
            fingerprint: String::new(),
        };
        let mut seen = HashSet::with_capacity(given);
        let mut hash = Sha256::new();
        for document in documents {
            check(&document, &data.config)?;
            if !seen.insert(document.id.clone()) {
                return Err(fault(&document, "the id occurs twice".to_owned()));
            }
            let end = match data.config.too_long {
                TooLong::Truncate => document.positions().min(data.config.length),
                TooLong::Split | TooLong::Refuse => document.positions(),
            };
            if document.targets(0, end) == 0 {
                data.dropped.push(document.id);
                continue;
            }
            digest(&mut hash, &document);
            let part = if held_out(&document.group, data.config.held_out) {
                &mut data.held_out
            } else {
                &mut data.training
            };
            part.push(data.documents.len());
            data.documents.push(document);
        }
        if data.training.is_empty() {
            return Err(TrainError::NoDocuments {
                given,
                held_out: data.held_out.len(),
                dropped: data.dropped.len(),
            });
        }
        data.fingerprint = hex(&hash.finalize());
        Ok(data)
    }

    /// The documents, training and held out, in the order given.
    pub fn documents(&self) -> &[Document] {
        &self.documents
    }

    /// Places of the documents trained on.
    pub fn training(&self) -> &[usize] {
        &self.training
    }

    /// Places of the documents held out.
    pub fn held_out_documents(&self) -> &[usize] {
        &self.held_out
    }

    /// Ids of documents left out because none of their tokens is in the loss.
    pub fn dropped(&self) -> &[String] {
        &self.dropped
    }

    /// SHA-256 of all documents in order, in hexadecimal digits.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Checks that all token ids, and the padding's, are below `vocabulary`.
    ///
    /// # Errors
    /// [`TrainError::Document`] naming the first that is not.
    pub fn check_vocabulary(&self, vocabulary: usize) -> Result<(), TrainError> {
        let outside = |token: &u32| *token as usize >= vocabulary;
        if outside(&self.config.pad) {
            return Err(TrainError::config(
                "data.pad",
                format!("a token id below {vocabulary}"),
                self.config.pad,
            ));
        }
        for document in &self.documents {
            if let Some(token) = document.tokens.iter().copied().find(outside) {
                return Err(fault(
                    document,
                    format!("expected token ids below {vocabulary}, got {token}"),
                ));
            }
        }
        Ok(())
    }
}

impl TrainingSource for TrainingData {
    type Config = DataConfig;
    type Batch = Batch;

    fn config(&self) -> &DataConfig {
        &self.config
    }

    fn description(&self) -> Value {
        json!({ "sha256": self.fingerprint, "documents": self.documents.len() })
    }

    fn walk(&self, seed: RunSeed, position: Position) -> Box<dyn Walk<Batch = Batch> + Send + '_> {
        Box::new(Cursor::at(self, seed, position))
    }

    fn held_out(&self, rows: usize) -> Box<dyn Iterator<Item = Batch> + '_> {
        let all = self.held_out_rows();
        let rows = rows.max(1);
        let count = all.len().div_ceil(rows);
        Box::new((0..count).map(move |at| {
            let end = all.len().min((at + 1) * rows);
            Batch::new(self, &all[at * rows..end])
        }))
    }
}

fn fault(document: &Document, problem: String) -> TrainError {
    TrainError::Document {
        id: document.id.clone(),
        problem,
    }
}

fn check(document: &Document, config: &DataConfig) -> Result<(), TrainError> {
    if document.in_loss.len() != document.tokens.len() {
        let (want, got) = (document.tokens.len(), document.in_loss.len());
        return Err(fault(
            document,
            format!("expected a loss mask of {want} tokens, got {got}"),
        ));
    }
    if config.too_long == TooLong::Refuse && document.positions() > config.length {
        let (most, got) = (config.length + 1, document.tokens.len());
        return Err(fault(
            document,
            format!("expected at most {most} tokens, got {got}"),
        ));
    }
    Ok(())
}

fn digest(hash: &mut Sha256, document: &Document) {
    for name in [&document.id, &document.group] {
        hash.update((name.len() as u64).to_le_bytes());
        hash.update(name.as_bytes());
    }
    hash.update((document.tokens.len() as u64).to_le_bytes());
    for (token, counts) in document.tokens.iter().zip(&document.in_loss) {
        hash.update(token.to_le_bytes());
        hash.update([u8::from(*counts)]);
    }
    hash.update(document.source.to_le_bytes());
}

/// Whether the documents of `group` are held out: the same for every run and every other document.
fn held_out(group: &str, share: f64) -> bool {
    let digest = Sha256::digest(group.as_bytes());
    let mut first = [0_u8; 8];
    first.copy_from_slice(&digest[..8]);
    // The upper 53 bits, as a number of [0, 1).
    ((u64::from_be_bytes(first) >> 11) as f64) / ((1_u64 << 53) as f64) < share
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn documents(n: usize) -> Vec<Document> {
        (0..n)
            .map(|i| Document::plain(format!("d{i}"), vec![1, 2, 3]))
            .collect()
    }

    #[test]
    fn the_split_hangs_on_the_id_alone_and_has_the_share_asked_for() {
        let config = DataConfig {
            held_out: 0.2,
            ..DataConfig::default()
        };
        let data = TrainingData::new(config.clone(), documents(2000)).unwrap();
        let share = data.held_out_documents().len() as f64 / 2000.0;
        // Five standard errors of a binomial share.
        assert!(
            (share - 0.2).abs() < 5.0 * (0.2_f64 * 0.8 / 2000.0).sqrt(),
            "{share}"
        );
        let few = TrainingData::new(config, documents(2000).split_off(1000)).unwrap();
        let ids = |data: &TrainingData| -> Vec<String> {
            data.held_out_documents()
                .iter()
                .map(|at| data.documents()[*at].id.clone())
                .collect()
        };
        let all = ids(&data);
        assert!(ids(&few).iter().all(|id| all.contains(id)));
    }

    #[test]
    fn documents_of_a_group_are_held_out_together() {
        let config = DataConfig {
            held_out: 0.3,
            ..DataConfig::default()
        };
        let grouped = |i: usize| Document {
            group: format!("visit {}", i / 10),
            ..Document::plain(format!("d{i}"), vec![1, 2, 3])
        };
        let data = TrainingData::new(config, (0..500).map(grouped).collect()).unwrap();
        let visits = |of: &[usize]| -> HashSet<String> {
            let groups = of.iter().map(|at| data.documents()[*at].group.clone());
            groups.collect()
        };
        let (trained, held) = (visits(data.training()), visits(data.held_out_documents()));
        assert_eq!(trained.len() + held.len(), 50);
        assert!(trained.is_disjoint(&held) && held.len() > 5);
        assert_eq!(data.held_out_documents().len(), 10 * held.len());
    }

    #[test]
    fn faulty_documents_are_told_by_id() {
        let config = || DataConfig {
            held_out: 0.0,
            length: 2,
            too_long: TooLong::Refuse,
            ..DataConfig::default()
        };
        let told = |documents: Vec<Document>| {
            TrainingData::new(config(), documents)
                .unwrap_err()
                .to_string()
        };
        let twice = vec![Document::plain("x", vec![1, 2]); 2];
        assert_eq!(told(twice), "document \"x\": the id occurs twice");
        let mask = Document {
            in_loss: vec![true],
            ..Document::plain("y", vec![1, 2])
        };
        assert!(told(vec![mask]).contains("loss mask of 2 tokens, got 1"));
        assert!(told(vec![Document::plain("z", vec![1; 4])]).contains("at most 3 tokens, got 4"));
        let silent = Document {
            in_loss: vec![true, false],
            ..Document::plain("s", vec![1, 2])
        };
        assert!(told(vec![silent]).contains("1 without a target"));
        assert!(told(vec![Document::plain("one", vec![1])]).contains("1 without a target"));
        let data = TrainingData::new(config(), documents(1)).unwrap();
        assert!(data.check_vocabulary(4).is_ok());
        assert!(
            data.check_vocabulary(3)
                .unwrap_err()
                .to_string()
                .contains("below 3, got 3")
        );
    }
}
