export type Engine = 'sqlite' | 'postgres';
/** Every test of storage runs on each: `describe.each(engines)('… on %s', (engine) => …)`. */
export declare const engines: readonly Engine[];
export interface TemporaryDatabase {
    readonly url: string;
    /** Takes it away with all that is in it, also when something is still connected. */
    remove(): Promise<void>;
}
/** An empty database of the caller's own. */
export declare function temporaryDatabase(engine: Engine): Promise<TemporaryDatabase>;
