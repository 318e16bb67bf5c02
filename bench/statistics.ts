/** The few sums that the benchmark needs. */

/** NaN when there is nothing; values that are NaN do not count. */
export function median(values: readonly number[]): number {
  const sorted = values.filter((value) => !Number.isNaN(value)).toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  if (sorted.length === 0) return NaN;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Standard deviation of a sample; 0 for fewer than two values. */
export function deviation(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}

/** Student's t that one value in a hundred is above, by degrees of freedom from 1 on: any table of the distribution. */
const T_99 = [
  31.82, 6.965, 4.541, 3.747, 3.365, 3.143, 2.998, 2.896, 2.821, 2.764, 2.718, 2.681, 2.65, 2.624,
];

/**
 * The factor from the median of some runs that one further run of the same goes beyond, to one side, once in a hundred
 * times. Runs differ by factors, so that the logarithms are what is normally distributed.
 */
export function predictedFactor(values: readonly number[]): number {
  const logs = values.map(Math.log);
  const freedom = Math.max(1, logs.length - 1);
  const t = T_99[Math.min(freedom, T_99.length) - 1]!;
  return Math.exp(t * deviation(logs) * Math.sqrt(1 + 1 / Math.max(1, logs.length)));
}

export interface Point {
  x: number;
  y: number;
}

/**
 * Exponent of the best power law through the upper half of the points, at least three: there the fixed cost counts least,
 * so it is nearer to what happens as sizes go on growing. 1 is linear.
 */
export function slope(points: readonly Point[]): number {
  const upper = points.slice(-Math.max(3, Math.ceil(points.length / 2)));
  const logs = upper.map(({ x, y }) => ({ x: Math.log(x), y: Math.log(y) }));
  const meanX = logs.reduce((sum, { x }) => sum + x, 0) / logs.length;
  const meanY = logs.reduce((sum, { y }) => sum + y, 0) / logs.length;
  const above = logs.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0);
  return above / logs.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
}
