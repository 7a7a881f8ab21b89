import type { Observation } from '../contract/event.js';

/** One line a person understands. */
export function describeEvent(seen: Observation): string {
  const what = `${seen.camera}: ${seen.class} ${seen.id} `;
  const percent = `${Math.round(seen.score * 100)} %`;
  switch (seen.type) {
    case 'new':
      return `${what}appeared, ${percent}${seen.zones.length > 0 ? ` in ${seen.zones.join(', ')}` : ''}`;
    case 'update':
      return `${what}${seen.stationary ? 'stands' : 'moves'}, ${percent}`;
    case 'end':
      return `${what}is over (${seen.reason}) after ${(seen.ageMs / 1000).toFixed(1)} s`;
    case 'crossing':
      return `${what}crossed ${seen.line} ${seen.direction} (${seen.counts[seen.direction]} so far)`;
    case 'enter':
      return `${what}entered ${seen.zone}`;
    case 'leave':
      return `${what}left ${seen.zone} after ${(seen.dwellMs / 1000).toFixed(1)} s`;
    case 'dwell':
      return `${what}has been in ${seen.zone} for ${(seen.dwellMs / 1000).toFixed(1)} s`;
  }
}
