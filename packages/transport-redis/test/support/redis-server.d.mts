import { type Place, ServerProcess } from "@sluice/test-support";

export declare const program: string | undefined;
export declare class RedisServer extends ServerProcess {
  private constructor();
  static start(args?: readonly string[], place?: Partial<Place>): Promise<RedisServer>;
  get url(): string;
  start(): Promise<void>;
  command(...words: string[]): Promise<string>;
}
