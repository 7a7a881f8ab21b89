import t from 'tap';
import { distribution, histogram, provenPercentile } from '../../src/bench/statistics.js';
import { percentile } from '../../src/timing/percentile.js';

/** 1, 2, … n in an order that is not sorted. */
function numbers(n: number): number[] {
  return Array.from({ length: n }, (_, i) => ((i * 7919) % n) + 1);
}

t.test('a percentile is sorted[floor(n·p)], nothing interpolated', async (t) => {
  const { p50, p90, p99, min, max, mean, samples } = distribution(numbers(1000));
  t.strictSame(
    { p50, p90, p99, min, max, mean, samples },
    {
      p50: 501,
      p90: 901,
      p99: 991,
      min: 1,
      max: 1000,
      mean: 500.5,
      samples: 1000,
    },
  );
});

t.test('p90 is told from 64 samples on, p99 from 662', async (t) => {
  t.equal(distribution(numbers(63)).p90, null);
  t.equal(distribution(numbers(64)).p90, 58);
  t.equal(distribution(numbers(661)).p99, null);
  t.equal(distribution(numbers(662)).p99, 656);
  t.equal(provenPercentile([], 0.5), null);
});

t.test('outliers count', async (t) => {
  const { max, mean } = distribution([...new Array(99).fill(1), 1000]);
  t.equal(max, 1000);
  t.equal(mean, 10.99);
});

t.test('no sample is no number', async (t) => {
  t.strictSame(distribution([]), { samples: 0, mean: null, min: null, max: null, p50: null, p90: null, p99: null });
});

t.test('a histogram holds every sample, the far ones in the last bin', async (t) => {
  const samples = [...numbers(1000), 50_000];
  const { counts, from, step } = histogram(samples, 20);
  t.equal(
    counts.reduce((a, b) => a + b, 0),
    samples.length,
  );
  t.equal(counts.length, 20);
  t.equal(from, 1);
  t.ok(step > 45 && step < 60, `step ${step}`);
  t.strictSame(histogram([], 4).counts, [0, 0, 0, 0]);
  t.equal(histogram([3, 3, 3], 4).counts[0], 3);
});

t.test('a percentile of few values is one of them', async (t) => {
  t.equal(percentile([1, 2, 3, 4], 0.25), 2);
  t.equal(percentile([1, 2, 3, 4], 1), 4);
});
