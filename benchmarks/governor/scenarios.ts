import type { Scenario } from './simulate.js';

const day = [
  { hours: 1.5, celsius: 18 },
  { hours: 1.5, celsius: 27 },
  { hours: 1.5, celsius: 34 },
  { hours: 1.5, celsius: 22 },
  { hours: 1.5, celsius: 30 },
];

/**
 * Not measured boards, but boards as different as real ones: small and large heat sinks, time constants from a second to
 * three quarters of an hour, sensors in steps of 0.03 to 1 °C.
 */
export const scenarios: readonly Scenario[] = [
  {
    name: 'bare 4-core board',
    stages: [
      { perWatt: 2, seconds: 2 },
      { perWatt: 3, seconds: 25 },
      { perWatt: 6, seconds: 300 },
    ],
    idleWatts: 2.2,
    decodeJoules: 0.05,
    inferenceJoules: 0.17,
    fps: 20,
    noise: 0.3,
    quantum: 0.55,
    limit: 75,
    air: day,
  },
  {
    name: 'older board in a plastic case',
    stages: [
      { perWatt: 4, seconds: 4 },
      { perWatt: 5, seconds: 60 },
      { perWatt: 8, seconds: 900 },
    ],
    idleWatts: 1.6,
    decodeJoules: 0.08,
    inferenceJoules: 0.28,
    fps: 10,
    noise: 0.3,
    quantum: 0.49,
    limit: 78,
    air: day,
  },
  {
    name: 'module with a finned heat sink',
    stages: [
      { perWatt: 0.8, seconds: 3 },
      { perWatt: 0.7, seconds: 40 },
      { perWatt: 2.5, seconds: 500 },
    ],
    idleWatts: 4.5,
    decodeJoules: 0.03,
    inferenceJoules: 0.22,
    fps: 60,
    noise: 0.15,
    quantum: 0.03,
    limit: 80,
    air: day,
  },
  {
    name: 'sealed box in the sun',
    stages: [
      { perWatt: 1.5, seconds: 3 },
      { perWatt: 2, seconds: 120 },
      { perWatt: 5, seconds: 2700 },
    ],
    idleWatts: 2.5,
    decodeJoules: 0.06,
    inferenceJoules: 0.2,
    fps: 20,
    noise: 0.5,
    quantum: 1,
    limit: 70,
    air: [
      { hours: 3, celsius: 20 },
      { hours: 3, celsius: 29 },
      { hours: 3, celsius: 24 },
    ],
  },
  {
    name: 'heat wave: rate alone won’t do',
    stages: [
      { perWatt: 2, seconds: 2 },
      { perWatt: 3, seconds: 25 },
      { perWatt: 6, seconds: 400 },
    ],
    idleWatts: 1.8,
    decodeJoules: 0.02,
    inferenceJoules: 0.4,
    fps: 15,
    noise: 0.3,
    quantum: 0.55,
    limit: 70,
    air: [
      { hours: 2, celsius: 25 },
      { hours: 3, celsius: 41 },
      { hours: 3, celsius: 25 },
    ],
  },
  {
    name: 'a cool day: nothing to hold back',
    stages: [
      { perWatt: 2, seconds: 2 },
      { perWatt: 3, seconds: 25 },
      { perWatt: 3, seconds: 300 },
    ],
    idleWatts: 2.2,
    decodeJoules: 0.05,
    inferenceJoules: 0.1,
    fps: 20,
    noise: 0.3,
    quantum: 0.55,
    limit: 75,
    air: [{ hours: 6, celsius: 22 }],
  },
];
