//! Sixteen bits: as far off as their digits say.

use rounds_models::local::cpu::SequenceId;
use rounds_models::local::device::{ChoiceError, ComputeDevice, Precision};

use crate::golden_files::NAMES;
use crate::models::{cache, placed, relative};
use crate::vectors::{self, checkpoint, model, run};

#[test]
fn sixteen_bits_are_near_the_floats() {
    for name in NAMES {
        let (Some(checkpoint), Some(own)) = (checkpoint(name), model(name)) else {
            continue;
        };
        let input: Vec<u32> = (0..40).map(|i| i * 37 % 256).collect();
        let mut exact = vectors::cache(&own, 8, 16);
        exact.open(SequenceId(1), &input).expect("a new sequence");
        let expected = run(&own, &mut exact, SequenceId(1), &input, &[]);
        // Eight and eleven binary digits; such random models widen the error of a weight about five times.
        for (precision, most) in [(Precision::Bf16, 0.04), (Precision::F16, 0.005)] {
            let model = placed(&checkpoint, precision);
            for cuts in [&[][..], &[3, 20]] {
                let mut cache = cache(&model, 8, 16);
                cache.open(SequenceId(1), &input).expect("a new sequence");
                let got = run(&model, &mut cache, SequenceId(1), &input, cuts);
                let error = relative(&got, &expected);
                println!("{name}, {precision:?}: relative error {error:.5}");
                assert!(
                    error > 0.0 && error <= most,
                    "{name}, {precision:?}: {error}"
                );
            }
        }
    }
}

#[test]
fn devices_and_types_have_names() {
    let device = |name: &str| name.parse::<ComputeDevice>();
    assert_eq!(device("cpu").ok(), Some(ComputeDevice::Cpu));
    assert_eq!(device("cuda").ok(), Some(ComputeDevice::Cuda(0)));
    assert_eq!(device("cuda:3").ok(), Some(ComputeDevice::Cuda(3)));
    for wrong in ["gpu", "cuda:", "cuda:+1", "cuda:-1", "cuda:x", "CUDA", ""] {
        let error = device(wrong).expect_err("no device").to_string();
        assert!(
            error.contains("`cuda:N`") && error.contains(wrong),
            "{error}"
        );
    }
    assert_eq!("bf16".parse::<Precision>().ok(), Some(Precision::Bf16));
    let error = "int8"
        .parse::<Precision>()
        .expect_err("no type")
        .to_string();
    assert!(error.contains("`f16`") && error.contains("int8"), "{error}");
    assert_eq!(ComputeDevice::Cuda(1).precision(), Precision::Bf16);
    assert_eq!(ComputeDevice::Cpu.precision(), Precision::F32);
}

#[test]
fn a_build_without_cuda_names_the_one_that_has_it() {
    if cfg!(feature = "cuda") {
        return;
    }
    let refused = ComputeDevice::Cuda(2).open().expect_err("no CUDA here");
    assert!(matches!(
        refused,
        ChoiceError::NotBuilt(ComputeDevice::Cuda(2))
    ));
    let told = refused.to_string();
    assert!(
        told.contains("cuda:2") && told.contains("rounds-cuda"),
        "{told}"
    );
    assert!(
        told.contains("cargo build --release --features cuda"),
        "{told}"
    );
}
