/** A file of handles, some 100 KB at a time, so that the test itself holds none of it. */
export async function* csvOf(
  rows: number,
  line: (index: number) => string,
  header = 'profile',
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  let text = `${header}\n`;
  for (let index = 0; index < rows; index++) {
    text += `${line(index)}\n`;
    if (text.length < 100_000) continue;
    yield encoder.encode(text);
    text = '';
  }
  yield encoder.encode(text);
}
