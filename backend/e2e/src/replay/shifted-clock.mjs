// Preloaded into the system under test: its clock is off by as many milliseconds as a file says.
import { readFileSync } from 'node:fs';

const file = process.env.CLOCK_SHIFT_FILE;
const RealDate = Date;
let shift = 0;

setInterval(() => {
  const said = Number(readFileSync(file, 'utf8'));
  if (Number.isFinite(said)) shift = said;
}, 50).unref();

globalThis.Date = class extends RealDate {
  constructor(...given) {
    if (given.length === 0) super(RealDate.now() + shift);
    else super(...given);
  }

  static now() {
    return RealDate.now() + shift;
  }
};
