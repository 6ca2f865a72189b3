import { type Place, ServerProcess } from "@sluice/test-support";

export declare const program: string | undefined;
export declare function programVersion(): string;
export declare class NatsServer extends ServerProcess {
  constructor(config: string, place: Place);
  static start(config?: string, place?: Partial<Place>): Promise<NatsServer>;
  get url(): string;
  start(): Promise<void>;
}
