//! Arrays of HDF5 files.

use std::path::Path;

use hdf5::types::{TypeDescriptor, VarLenAscii, VarLenUnicode};
use hdf5::{Dataset, File, Group, Location};

use super::arrays::Array;
use super::error::DataError;

impl From<hdf5::Error> for DataError {
    fn from(error: hdf5::Error) -> Self {
        Self::Format(format!("HDF5: {error}"))
    }
}

/// Opens a file to be read.
pub(super) fn open(path: &Path) -> Result<File, DataError> {
    // The library says less of a file that is not there.
    std::fs::metadata(path)?;
    Ok(File::open(path)?)
}

/// A data set of a group; `None` where there is none.
pub(super) fn dataset(group: &Group, name: &str) -> Result<Option<Dataset>, DataError> {
    match group.link_exists(name) {
        true => Ok(Some(group.dataset(name)?)),
        false => Ok(None),
    }
}

/// The numbers of a data set of any numeric type.
pub(super) fn numbers(dataset: &Dataset) -> Result<Array<f64>, DataError> {
    let items = match dataset.dtype()?.to_descriptor()? {
        TypeDescriptor::Boolean => {
            let flags = dataset.read_raw::<bool>()?.into_iter();
            flags.map(|flag| f64::from(u8::from(flag))).collect()
        }
        TypeDescriptor::Integer(_) | TypeDescriptor::Unsigned(_) | TypeDescriptor::Float(_) => {
            dataset.read_raw::<f64>()?
        }
        other => {
            let name = dataset.name();
            let why = format!("array {name}: expected numbers, got {other}");
            return Err(DataError::Format(why));
        }
    };
    Ok(Array {
        shape: dataset.shape(),
        items,
    })
}

/// The flags of a data set of flags or of numbers, of which any but 0 is one.
pub(super) fn flags(dataset: &Dataset) -> Result<Array<bool>, DataError> {
    let Array { shape, items } = numbers(dataset)?;
    let items = items.into_iter().map(|number| number != 0.0).collect();
    Ok(Array { shape, items })
}

/// An attribute that holds text; `None` where there is none or it holds something else.
pub(super) fn text(of: &Location, name: &str) -> Option<String> {
    let attribute = of.attr(name).ok()?;
    if let Ok(text) = attribute.read_scalar::<VarLenUnicode>() {
        return Some(text.as_str().to_owned());
    }
    let text = attribute.read_scalar::<VarLenAscii>().ok()?;
    Some(text.as_str().to_owned())
}
