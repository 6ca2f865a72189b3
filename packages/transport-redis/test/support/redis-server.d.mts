export declare const program: string | undefined;
export declare class RedisServer {
  readonly port: number;
  readonly folder: string;
  static start(
    args?: readonly string[],
    where?: { readonly bind?: string; readonly before?: readonly string[]; readonly port?: number },
  ): Promise<RedisServer>;
  get url(): string;
  get pid(): number | undefined;
  start(): Promise<void>;
  command(...words: string[]): Promise<string>;
  signal(signal: NodeJS.Signals): void;
  kill(): Promise<void>;
  stop(): Promise<void>;
}
export declare function freePort(): Promise<number>;
