//! Parameters read one by one, when they are asked for.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;

use super::LoadError;
use super::fused::{Stored, stored};
use super::reading::Folder;
use crate::local::transformer::TransformerConfig;

/// The parameters of a folder, each read when it is asked for: no more than one is in main memory.
pub struct FolderWeights {
    folder: Folder,
    /// The stored tensors with the numbers of their files.
    stored: Vec<(Stored, usize)>,
    /// For each parameter its stored tensor, its first row there, and its rows.
    parts: HashMap<String, (usize, usize, usize)>,
}

impl FolderWeights {
    /// The parameters of `config` in `dir`. Only the files' headers are read.
    ///
    /// # Errors
    /// [`LoadError`] names the file, and the tensor where one is missing or unexpected.
    pub fn open(dir: &Path, config: &TransformerConfig) -> Result<Self, LoadError> {
        let mut folder = Folder::open(dir)?;
        let mut all = Vec::new();
        let mut parts = HashMap::new();
        for stored in stored(config) {
            let file = folder.claim(&stored)?;
            let mut start = 0;
            for (name, rows) in &stored.parts {
                parts.insert(name.clone(), (all.len(), start, *rows));
                start += rows;
            }
            all.push((stored, file));
        }
        folder.finish(config)?;
        Ok(Self {
            folder,
            stored: all,
            parts,
        })
    }

    /// Shape and numbers of a parameter, in f32; `None` where the model has none of this name.
    ///
    /// # Errors
    /// [`LoadError`] when its file cannot be read, or holds another shape.
    pub fn read(&mut self, name: &str) -> Result<Option<(Vec<usize>, Vec<f32>)>, LoadError> {
        let Some(&(ix, start, rows)) = self.parts.get(name) else {
            return Ok(None);
        };
        let (stored, file) = &self.stored[ix];
        let whole = self.folder.read(stored, *file)?;
        let part = whole
            .narrow(0, start, rows)
            .and_then(|part| Ok((part.dims().to_vec(), part.flatten_all()?.to_vec1()?)));
        part.map(Some)
            .map_err(|source| self.folder.failed(source.into()))
    }
}

impl fmt::Debug for FolderWeights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tensors = self.stored.len();
        f.debug_struct("FolderWeights")
            .field("tensors", &tensors)
            .finish_non_exhaustive()
    }
}
