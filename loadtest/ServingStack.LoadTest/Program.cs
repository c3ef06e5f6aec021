using ServingStack.LoadTest;

return await LoadTestProgram.RunAsync(args, Console.Out, Console.Error);
