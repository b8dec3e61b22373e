/** What the global set-up hands to the tests; read with vitest's `inject`. */
declare module 'vitest' {
  interface ProvidedContext {
    amqpUrl: string;
    databaseUrl: string;
  }
}

export {};
