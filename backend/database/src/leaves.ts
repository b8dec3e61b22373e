/** `schedule` has so many hash partitions; migrations/0008 makes them. */
export const leafCount = 16;

/** A partition of the schedule by its number; null: the table as a whole, whatever partitions the rows are in. */
export type Leaf = number | null;

export const leaves: readonly number[] = Array.from({ length: leafCount }, (_, leaf) => leaf);

/**
 * Statements about rows of one partition name it: through the parent they open all sixteen, which costs a batch of 100 a
 * third more (73 against 49 µs of the server's time per row).
 */
export function scheduleOf(leaf: Leaf): string {
  if (leaf === null) return 'schedule';
  if (!leaves.includes(leaf)) throw new RangeError(`the schedule has no partition ${leaf}`);
  return `schedule_${String(leaf).padStart(2, '0')}`;
}

/** A statement for each leaf and for the whole table, with the name under which a connection keeps it prepared. */
export function perLeaf(name: string, textOf: (table: string) => string): (leaf: Leaf) => Statement {
  const made = new Map<Leaf, Statement>();
  return leaf => {
    const known = made.get(leaf);
    if (known) return known;
    const table = scheduleOf(leaf);
    const statement = { name: `${name}-${table}`, text: textOf(table) };
    made.set(leaf, statement);
    return statement;
  };
}

export interface Statement {
  readonly name: string;
  readonly text: string;
}
