import { type Place, ServerProcess } from "@sluice/test-support";

export declare const program: string | undefined;
export declare const systemsOwn: string | undefined;
export declare const whyNotThree: string | undefined;
export declare class NatsServer extends ServerProcess {
  constructor(config: string, place: Place, which?: string);
  static start(config?: string, place?: Partial<Place>, which?: string): Promise<NatsServer>;
  get url(): string;
  start(): Promise<void>;
}
