"""Steps a second of gymnasium's classic control, in a Python loop and in its own vector environments.

The counterpart of tests/benches/control, which does the same steps with the same actions. Seconds are those of the
processor, which other programs disturb least.

    pip install gymnasium numpy
    python tests/gymnasium/speed.py [seconds]
"""

import sys
import time

import gymnasium
import numpy

ENVIRONMENTS = [
    ("CartPole-v1", 0),
    ("Pendulum-v1", numpy.array([0.5], dtype=numpy.float32)),
    ("MountainCarContinuous-v0", numpy.array([0.3], dtype=numpy.float32)),
]
TOGETHER = 1024


def loop(name, action, seconds):
    environment = gymnasium.make(name)
    environment.reset(seed=7)
    steps, began = 0, time.process_time()
    while time.process_time() - began < seconds:
        for _ in range(100):
            *_, terminated, truncated, _ = environment.step(action)
            if terminated or truncated:
                environment.reset()
        steps += 100
    return steps / (time.process_time() - began)


def vector(name, action, seconds):
    environment = gymnasium.make_vec(name, num_envs=TOGETHER, vectorization_mode=None)
    environment.reset(seed=7)
    actions = numpy.stack([numpy.asarray(action)] * TOGETHER)
    steps, began = 0, time.process_time()
    while time.process_time() - began < seconds:
        environment.step(actions)
        steps += TOGETHER
    return type(environment.unwrapped).__name__, steps / (time.process_time() - began)


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
    print(f"gymnasium {gymnasium.__version__}, numpy {numpy.__version__}")
    for name, action in ENVIRONMENTS:
        print(f"{name}: {loop(name, action, seconds):.0f} steps/s in a loop")
        kind, rate = vector(name, action, seconds)
        print(f"{name}: {rate:.0f} steps/s, {TOGETHER} together ({kind})")


if __name__ == "__main__":
    main()
