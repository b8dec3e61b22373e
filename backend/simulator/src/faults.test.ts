import { describe, expect, it } from 'vitest';
import { destinyOf } from './fates.ts';
import { changeFaults, everyFault, noFaults } from './faults.ts';

describe('the switches', () => {
  it('leave what is not named, also when it is named as undefined', () => {
    const faults = changeFaults(noFaults, { share: 1, kinds: ['reset'] });
    expect(changeFaults(faults, { share: undefined, outage: 'reset' })).toEqual({
      ...faults,
      outage: 'reset',
    });
  });

  it('name every kind once', () => {
    expect(new Set(everyFault).size).toBe(everyFault.length);
  });
});

describe('the profiles that the conformance check asks for', () => {
  it.each([1, 2, 3, 4, 5])('include %i, to whom nothing ever happens', id => {
    expect(destinyOf(1, id).fate).toBe('none');
  });
});
