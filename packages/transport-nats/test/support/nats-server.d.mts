export declare const program: string | undefined;
export declare function programVersion(): string;
export declare class NatsServer {
  readonly host: string;
  readonly port: number;
  readonly folder: string;
  static start(
    config?: string,
    where?: { readonly bind?: string; readonly before?: readonly string[]; readonly port?: number },
  ): Promise<NatsServer>;
  static prepare(
    config: string,
    where: { readonly bind: string; readonly before: readonly string[]; readonly port: number },
  ): Promise<NatsServer>;
  get url(): string;
  get pid(): number | undefined;
  start(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  kill(): Promise<void>;
  stop(): Promise<void>;
}
export declare function freePort(): Promise<number>;
