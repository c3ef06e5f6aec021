namespace ServingStack.LoadTest.Load;

/// <summary>Sends the request of that number and completes with its answer; fails as the answer does.</summary>
internal delegate Task SendRequest(long number);
