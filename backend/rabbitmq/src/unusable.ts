/** The server refuses to serve us until a person changes something: trying again is pointless. */
export class Unusable extends Error {
  override readonly name = 'Unusable';
}
